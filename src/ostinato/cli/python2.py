"""What is Python 2's in a script: found where it fails, and told with what 2to3 would put in its place."""

from __future__ import annotations

import re
import traceback

_MEND = "2to3 mends it"
_SYNTAX = [
    (
        r"Missing parentheses in call to 'print'",
        "a print statement of Python 2: print(...) in Python 3; 2to3 mends it",
    ),
    (
        r"Missing parentheses in call to 'exec'",
        "an exec statement of Python 2: exec(...) in Python 3; 2to3 mends it",
    ),
    (
        r"multiple exception types must be parenthesized",
        "'except Error, name' of Python 2: 'except Error as name' in Python 3; 2to3 mends it",
    ),
    (
        r"inconsistent use of tabs",
        "tabs and spaces in one block, which Python 2 took to be 8 wide: 'expand -t 8' makes spaces of tabs",
    ),
    (
        r"leading zeros in decimal integer",
        "an octal number of Python 2: 0777 is 0o777 in Python 3; 2to3 mends it",
    ),
    (r"invalid decimal literal|invalid hexadecimal literal", None),
    (r"repr\(\)|backtick", "`x` of Python 2: repr(x) in Python 3; 2to3 mends it"),
]
_LINES = [  # of a line that does not parse: what Python 2 has there
    (
        r"^\s*print\s+[^(=]|^\s*print\s*>>|^\s*print\s*$",
        "a print statement of Python 2: print(...) in Python 3",
    ),
    (
        r"^\s*except\s+[\w.()]+\s*,\s*\w+\s*:",
        "'except Error, name' of Python 2: 'except Error as name' in Python 3",
    ),
    (r"^\s*raise\s+[\w.]+\s*,", "'raise Error, text' of Python 2: 'raise Error(text)' in Python 3"),
    (r"^\s*exec\s+[^(=]", "an exec statement of Python 2: exec(...) in Python 3"),
    (r"<>", "'<>' of Python 2: '!=' in Python 3"),
    (r"\b\d+[lL]\b", "a long number of Python 2: 10L is 10 in Python 3"),
    (r"(?<![\w.])0\d+\b", "an octal number of Python 2: 0777 is 0o777 in Python 3"),
    (r"\bur['\"]", "a ur'' string of Python 2: r'' in Python 3"),
    (r"`[^`]+`", "`x` of Python 2: repr(x) in Python 3"),
    (
        r"^\s*(def\s+\w+\s*\(|.*\blambda\b).*\(\s*\w+\s*,",
        "an argument that is a tuple, of Python 2: unpack it inside",
    ),
]
NAMES = {
    "xrange": "range",
    "unicode": "str",
    "raw_input": "input",
    "unichr": "chr",
    "long": "int",
    "basestring": "str",
    "reduce": "functools.reduce",
    "reload": "importlib.reload",
    "file": "open",
    "cmp": "(a > b) - (a < b)",
    "execfile": "exec(open(file).read())",
    "izip": "zip",
    "intern": "sys.intern",
    "buffer": "memoryview",
    "apply": "f(*args)",
    "coerce": "nothing",
    "StandardError": "Exception",
}
MODULES = {
    "cPickle": "pickle",
    "urllib2": "urllib.request",
    "urlparse": "urllib.parse",
    "ConfigParser": "configparser",
    "Queue": "queue",
    "StringIO": "io",
    "cStringIO": "io",
    "HTMLParser": "html.parser",
    "commands": "subprocess",
    "__builtin__": "builtins",
    "Tkinter": "tkinter",
    "cookielib": "http.cookiejar",
    "httplib": "http.client",
    "thread": "_thread",
    "copy_reg": "copyreg",
    "SocketServer": "socketserver",
    "md5": "hashlib",
    "sets": "the built-in set",
    "dummy_thread": "_thread",
    "anydbm": "dbm",
    "UserDict": "collections",
}
_ATTRIBUTES = [
    (r"'dict' object has no attribute 'has_key'", "'d.has_key(k)' of Python 2: 'k in d' in Python 3"),
    (
        r"has no attribute '(iter|view)(items|keys|values)'",
        r"'d.\1\2()' of Python 2: 'd.\2()' in Python 3",
    ),
    (
        r"'str' object has no attribute 'decode'",
        "Python 3's str is text already: '.decode' is of bytes alone",
    ),
    (
        r"'(generator|iterator|\w*_iterator|map|zip|filter|enumerate|_csv.reader|_io.\w+)' object has no "
        r"attribute 'next'",
        "'iterator.next()' of Python 2: 'next(iterator)' in Python 3",
    ),
    (
        r"'(dict_keys|dict_values|dict_items|map|zip|filter|range)' object has no attribute '(\w+)'",
        r"\1 is no list in Python 3: list(...) makes one",
    ),
    (
        r"module 'string' has no attribute '(\w+)'",
        r"'string.\1' of Python 2: a method of str, or string.ascii_...",
    ),
    (
        r"module 'itertools' has no attribute 'i(\w+)'",
        r"'itertools.i\1' of Python 2: the built-in \1 in Python 3",
    ),
    (
        r"cannot import name 'i(zip|map|filter)' from 'itertools'",
        r"'itertools.i\1': the built-in \1 in Python 3",
    ),
    (r"module 'sys' has no attribute 'maxint'", "'sys.maxint' of Python 2: sys.maxsize in Python 3"),
    (
        r"module 'sys' has no attribute 'setdefaultencoding'",
        "'sys.setdefaultencoding' of Python 2: take the line out, text is Unicode in Python 3",
    ),
    (r"module 'os' has no attribute 'getcwdu'", "'os.getcwdu' of Python 2: os.getcwd in Python 3"),
    (
        r"module 'urllib' has no attribute '(urlopen|urlretrieve)'",
        r"'urllib.\1' of Python 2: urllib.request.\1 in Python 3",
    ),
    (
        r"module 'urllib' has no attribute '(quote|unquote|urlencode)\w*'",
        r"'urllib.\1' of Python 2: urllib.parse.\1 in Python 3",
    ),
]
_TYPES = [
    (
        r"'(dict_keys|dict_values|dict_items|map|zip|filter)' object is not subscriptable|"
        r"object of type '(map|zip|filter)' has no len",
        "what map, zip, filter and a dictionary's keys give is no list in Python 3: list(...) makes one",
    ),
    (r"'range' object does not support item assignment", "range is no list in Python 3: list(range(...))"),
    (
        r"can only concatenate list \(not \"(range|map|zip|filter)\"\)|"
        r"unsupported operand .* 'range' and 'list'|"
        r"unsupported operand .* 'dict_(items|keys|values)'",
        "range, map, zip and a dictionary's items are no lists in Python 3: list(...) makes one",
    ),
    (
        r"'(float|numpy\.float64)' object cannot be interpreted as an integer|slice indices must be integers|"
        r"(list|tuple|string) indices must be integers or slices, not float|"
        r"got [\d.e+-]+ of type 'float' instead|"
        r"only integers, slices .* are valid indices|can't multiply sequence by non-int of type 'float'|"
        r"[Ee]xpected (binary or |an )?int\w*,? .*float",
        "'/' gives a float in Python 3, of whole numbers too; where Python 2 counted batches with it: '//'",
    ),
    (
        r"a bytes-like object is required, not 'str'|must be str, not bytes|\(not \"bytes\"\) to str|"
        r"can't concat str to bytes|write\(\) argument must be (str|bytes)",
        "text and bytes are two kinds in Python 3: open files of bytes (pickle) with 'rb' and 'wb', and make "
        "one of the other with .encode() and .decode()",
    ),
    (r"exceptions must derive from BaseException", '\'raise "text"\' of Python 2: raise Exception("text")'),
    (
        r"sort\(\) takes no positional arguments|'cmp' is an invalid keyword",
        "sort takes no comparison in Python 3: key=functools.cmp_to_key(...)",
    ),
    (
        r"not supported between instances of '(NoneType|dict|str)' and '(int|float|NoneType|dict|str)'",
        "Python 3 does not order values of different kinds: Python 2 did",
    ),
]


def hints(error: BaseException) -> list[str]:
    """What may help where a script failed as it does for being Python 2's, or of libraries of then."""
    text = str(error)
    if isinstance(error, SyntaxError):
        said = syntax_hint(error)
        return [] if said is None else [f"{said}. 'ostinato run --check' lists all such lines of a script."]
    if isinstance(error, NameError):
        found = re.match(r"name '(\w+)' is not defined", text)
        if found and found[1] in NAMES:
            return [f"'{found[1]}' is Python 2's: {NAMES[found[1]]} in Python 3. {_MEND}."]
    if isinstance(error, ModuleNotFoundError) and error.name in MODULES:
        return [f"the module {error.name} is Python 2's: {MODULES[error.name]} in Python 3. {_MEND}."]
    for kinds, table in (((AttributeError, ImportError), _ATTRIBUTES), ((TypeError, IndexError), _TYPES)):
        for pattern, said in table if isinstance(error, kinds) else ():
            found = re.search(pattern, text)
            if found:
                return [f"{found.expand(said) if chr(92) in said else said}."]
    return _of_files(error, text)


def _of_files(error: BaseException, text: str) -> list[str]:
    line = " ".join(frame.line or "" for frame in traceback.extract_tb(error.__traceback__)[-3:])
    if isinstance(error, UnicodeDecodeError):
        if "load" in line and "ascii" in text:
            return ["the file was pickled by Python 2: pickle.load(file, encoding='latin1') reads it."]
        if "load" in line:
            return ["a pickled file is bytes: open it with 'rb'."]
        return [
            "text files have an encoding in Python 3: open(path, encoding='latin1') or another; "
            "or open them with 'rb'."
        ]
    if isinstance(error, ValueError) and "allow_pickle=False" in text:
        return [
            "np.load takes arrays of objects, which can run code, since numpy 1.16.3 only where it is asked "
            "to: np.load(path, allow_pickle=True), for a file that you trust."
        ]
    if isinstance(error, ModuleNotFoundError) and str(error.name).split(".")[0] == "keras":
        return ["there is no keras beside TensorFlow here: tf.keras has its layers and models."]
    if isinstance(error, (ImportError, AttributeError)):
        if re.search(r"scipy\.misc|scipy.*'(imread|imsave|imresize|logsumexp)'", text):
            return ["scipy.misc is gone: imageio.imread, PIL.Image and scipy.special.logsumexp do its work."]
        if "sklearn.cross_validation" in text or "sklearn.grid_search" in text:
            return ["this module of scikit-learn is sklearn.model_selection since 0.18."]
        found = re.search(r"'DataFrame' object has no attribute '(as_matrix|ix|append)'", text)
        if found:
            instead = {"as_matrix": ".values", "ix": ".loc or .iloc", "append": "pd.concat"}[found[1]]
            return [f"pandas has no DataFrame.{found[1]} any more: {instead}."]
    return []


def syntax_hint(error: SyntaxError) -> str | None:
    """What Python 2 has where Python 3 cannot read a script; None where it is no Python at all."""
    for pattern, said in _SYNTAX:
        if said is not None and re.search(pattern, error.msg or ""):
            return said
    return line_hint(error.text or "")


def line_hint(line: str) -> str | None:
    """What Python 2 has in a line that Python 3 cannot read.

    >>> line_hint('    print "loss", loss')
    'a print statement of Python 2: print(...) in Python 3; 2to3 mends it'
    """
    for pattern, said in _LINES:
        if re.search(pattern, line):
            return f"{said}; {_MEND}"
    return None
