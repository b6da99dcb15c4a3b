"""What is looked for again and again: who is due an e-mail or a reminder.

Each scan is safe to run twice at once, on any number of machines, and soon again: what it wrote is
marked in the same statement.
"""
