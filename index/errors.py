"""Every error this project raises on purpose.

    CitewellError
    ├── SettingsError          a flag, QA_* variable or argument that cannot be used
    ├── UnreadableDocument     one file that gives no text; the others are still indexed
    │   └── InaccessibleDocument   for reasons outside it, which may pass
    ├── ModelError             an embedding model that is missing, damaged or unfit
    ├── QuestionError          a question that cannot be asked as it stands
    ├── ArchiveProblem         an archive that cannot be written or restored
    └── IndexProblem
        ├── IndexMissing       nothing has been built there yet
        ├── IndexDamaged       a file is gone, cut short or altered
        ├── IndexMismatch      built by another model or another version of the format
        └── IndexBusy          another build holds the lock

Messages say what is wrong and what to do about it. They are translated where they
leave the program: one line and a non-zero exit in the terminal, problem+json over HTTP.
"""


class CitewellError(Exception):
    """Base of every error raised on purpose."""


class SettingsError(CitewellError):
    """A flag, environment variable or argument that cannot be used."""


class UnreadableDocument(CitewellError):
    """One file that gives no text. The message is the reason, without the file's name."""


class InaccessibleDocument(UnreadableDocument):
    """A file that cannot be opened. The reason is not in the file, and may pass."""


class ModelError(CitewellError):
    """An embedding model that is missing, damaged or unfit."""


class QuestionError(CitewellError):
    """A question that cannot be asked as it stands."""


class ArchiveProblem(CitewellError):
    """An archive of documents that cannot be written or restored."""


class IndexProblem(CitewellError):
    """The index cannot be used as it is."""


class IndexMissing(IndexProblem):
    """Nothing has been built there yet."""


class IndexDamaged(IndexProblem):
    """A file of the index is gone, cut short or altered."""


class IndexMismatch(IndexProblem):
    """The index was built by another model or another version of the format."""


class IndexBusy(IndexProblem):
    """Another build holds the lock."""
