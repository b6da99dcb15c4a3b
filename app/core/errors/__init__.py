"""Every error that the API answers with: one enum of stable codes, one class for each situation.

Services raise these; `api/error_handlers.py` is the only place that turns them into HTTP answers.
A message is a sentence that can be shown to a person; a private cause is logged, never sent.
"""

from app.core.errors.accounts import *
from app.core.errors.ai import *
from app.core.errors.base import *
from app.core.errors.checkins import *
from app.core.errors.images import *
from app.core.errors.notifications import *
from app.core.errors.partnerships import *
from app.core.errors.practices import *
from app.core.errors.reflections import *
from app.core.errors.requests import *
from app.core.errors.talk import *
