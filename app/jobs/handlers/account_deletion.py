"""Deletes a closed account, as often as it takes."""

from app.jobs.account_deletion import AccountDeletionJob
from app.jobs.handler import Handler, Resources, TryAgain
from app.jobs.payloads import DeleteAccount


async def delete_account(payload: DeleteAccount, resources: Resources) -> None:
    deletion = AccountDeletionJob(
        database=resources.database,
        auth=resources.auth,
        storage=resources.storage,
        clock=resources.clock,
        settings=resources.settings,
    )
    wait = await deletion.delete(payload.user_id)
    if wait is not None:
        raise TryAgain("NotFinished", after=wait)


HANDLER = Handler(DeleteAccount, delete_account, timeout_seconds=240.0, attempts=20)
