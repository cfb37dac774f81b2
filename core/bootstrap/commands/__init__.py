"""The words of `python -m core …`: one module for each subject, and what they lead to.

What a command needs is imported when it runs, so that `--help` and refusals come at once.
"""
