"""The base class of errors whose text is written for visitors."""


class ExplainedError(ValueError):
    """An error whose message is a sentence of this project that says what was found, and what to do.

    Pages show the message of these errors only. The text of any other exception goes to the server's log.
    """
