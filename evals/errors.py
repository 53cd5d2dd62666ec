"""What can go wrong in an eval, as opposed to what an eval finds out.

    EvalError
    ├── SuiteUnknown     no suite of that name
    ├── DataMissing      a data set that was named or configured is not there
    └── DataBroken       a line of a data set cannot be read; says file and line
"""


class EvalError(Exception):
    """An eval that cannot be run."""


class SuiteUnknown(EvalError):
    """No suite of that name."""


class DataMissing(EvalError):
    """A data set that was asked for is not where it was said to be."""


class DataBroken(EvalError):
    """A data set holds something that is not what its suite reads."""
