"""What the bundle is made of: tables only. A new tool is one row here, and its package in `PACKAGES`."""

PACKAGES = (
    "bash",
    "busybox-static",
    "ca-certificates",
    "curl",
    "dash",
    "git",
    "less",
    "libc-bin",
    "libpython3.11-stdlib",
    "ncurses-base",
    "ncurses-term",
    "python3.11-minimal",
    "tmux",
    "vim",
    "vim-runtime",
)

PROGRAMS = {
    "bash": "/bin/bash",
    "busybox": "/bin/busybox",
    "curl": "/usr/bin/curl",
    "dash": "/bin/dash",
    "git": "/usr/bin/git",
    "less": "/usr/bin/less",
    "python3.11": "/usr/bin/python3.11",
    "tmux": "/usr/bin/tmux",
    "vim": "/usr/bin/vim.basic",
}
"""``bin/``: name in the bundle -> where Debian's package puts it."""

PROGRAM_LINKS = {"python3": "python3.11", "sh": "dash", "vi": "vim"}

USER_PROGRAMS = ("bash", "curl", "git", "less", "python3", "tmux", "vi", "vim")
"""``ubin/``: what comes after the image's own programs on the user's PATH."""

# fmt: off
BUSYBOX_PROGRAMS = (
    "awk", "base64", "basename", "cat", "chmod", "clear", "cmp", "cp", "cut", "date", "dd", "df",
    "diff", "dirname", "dos2unix", "du", "egrep", "env", "expr", "false", "fgrep", "find", "fold",
    "free", "grep", "groups", "gunzip", "gzip", "head", "hexdump", "hostname", "id", "ip", "kill",
    "killall", "ln", "ls", "md5sum", "mkdir", "mkfifo", "mktemp", "more", "mv", "nc", "nproc", "od",
    "paste", "patch", "pidof", "ping", "printf", "ps", "pwd", "readlink", "realpath", "reset",
    "rev", "rm", "rmdir", "sed", "seq", "sha256sum", "shuf", "sleep", "sort", "stat", "strings",
    "stty", "tac", "tail", "tar", "tee", "test", "time", "timeout", "top", "touch", "tr", "true",
    "truncate", "tty", "uname", "uniq", "uptime", "watch", "wc", "which", "whoami", "xargs", "xxd",
    "xz", "yes", "zcat",
)
# fmt: on
"""``bb/``: last on the user's PATH, for images that have not even these."""

GIT_PROGRAMS = frozenset(
    {
        "git-credential-cache",
        "git-credential-cache--daemon",
        "git-credential-store",
        "git-difftool--helper",
        "git-filter-branch",
        "git-merge-octopus",
        "git-merge-one-file",
        "git-merge-resolve",
        "git-mergetool",
        "git-mergetool--lib",
        "git-quiltimport",
        "git-remote-http",
        "git-remote-https",
        "git-request-pull",
        "git-sh-i18n",
        "git-sh-i18n--envsubst",
        "git-sh-setup",
        "git-submodule",
        "git-subtree",
        "git-web--browse",
        "mergetools",
    }
)
"""``git-core/`` without what needs Perl, Tk or a mail server; links to ``git`` itself are always kept."""

VIM_LEFT_OUT = frozenset({"doc", "tutor", "lang", "spell", "print", "debian", "macros", "tools"})

PYTHON_LEFT_OUT = frozenset(
    {
        "__pycache__",
        "ensurepip",
        "idle_test",
        "idlelib",
        "lib2to3",
        "pydoc_data",
        "test",
        "tests",
        "tkinter",
        "turtle.py",
        "turtledemo",
    }
)

# fmt: off
TERMINALS = (
    "alacritty", "ansi", "cygwin", "dumb", "foot", "gnome", "gnome-256color", "iterm2", "konsole",
    "konsole-256color", "linux", "putty", "putty-256color", "rxvt", "rxvt-unicode-256color", "screen",
    "screen-256color", "st", "st-256color", "tmux", "tmux-256color", "vscode", "vt100", "vt102", "vt220", "xterm",
    "xterm-256color", "xterm-color", "xterm-kitty",
)
# fmt: on

# fmt: off
UTF8_LOCALES = (
    "en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "pt_BR", "ja_JP", "ko_KR", "zh_CN", "zh_TW", "ru_RU",
    "pl_PL", "tr_TR", "uk_UA",
)
# fmt: on
"""Names under which C.UTF-8 is found too: an image that sets one of these keeps its character set."""

# fmt: off
CHARACTER_SETS = (
    "BIG5", "BIG5HKSCS", "CP1250", "CP1251", "CP1252", "CP932", "CP949", "EUC-CN", "EUC-JP", "EUC-KR", "EUC-TW",
    "GB18030", "GBK", "ISO-2022-JP", "ISO8859-1", "ISO8859-15", "ISO8859-2", "ISO8859-5", "KOI8-R", "KOI8-U",
    "SJIS", "UNICODE", "UTF-16", "UTF-32", "UTF-7", "libCNS", "libGB", "libISOIR165", "libJIS", "libJISX0213",
    "libKSC",
)
# fmt: on
"""glibc's converters, for git and Vim on files that are not UTF-8."""

XTERM_FILES = {
    "@xterm/xterm/css/xterm.css": "xterm.css",
    "@xterm/xterm/lib/xterm.mjs": "xterm.mjs",
    "@xterm/addon-fit/lib/addon-fit.mjs": "addon-fit.mjs",
}
"""npm file -> name under ``web/static/``."""
