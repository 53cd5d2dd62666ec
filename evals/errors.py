"""What can go wrong in an eval, as opposed to what an eval finds out.

EvalError
├── SuiteUnknownError no suite of that name
├── DataMissingError  a data set that was named or configured is not there
├── DataBrokenError   a line of a data set cannot be read; says file and line
└── NotFrozenError    a case cannot be made an eval; says why
"""


class EvalError(Exception):
    """An eval that cannot be run."""


class SuiteUnknownError(EvalError):
    """No suite of that name."""


class DataMissingError(EvalError):
    """A data set that was asked for is not where it was said to be."""


class DataBrokenError(EvalError):
    """A data set holds something that is not what its suite reads."""


class NotFrozenError(EvalError):
    """A case cannot be made an eval: it is open, or would be another case under other names."""
