"""Names of LaTeX commands and functions that mean the same."""

from rft.expressions.syntax import FUNCTIONS

SYNONYMS = {
    "dfrac": r"\frac", "tfrac": r"\frac", "cfrac": r"\frac", "leq": r"\le", "leqslant": r"\le", "geq": r"\ge",
    "geqslant": r"\ge", "neq": r"\ne", "times": r"\cdot", "ast": r"\cdot", "div": "/", "lbrace": r"\{",
    "rbrace": r"\}", "colon": ":", "dots": r"\ldots", "cdots": r"\ldots", "lt": "<", "gt": ">", "land": r"\wedge",
    "lor": r"\vee", "prime": "'", "mid": "|", "backslash": r"\setminus", "smallsetminus": r"\setminus",
    "varnothing": r"\emptyset", "lvert": "|", "rvert": "|", "vert": "|", "lparen": "(", "rparen": ")",
    "langle": "(", "rangle": ")", "lbrack": "[", "rbrack": "]", "dbinom": r"\binom", "tbinom": r"\binom",
    "Re": r"\text{Re}", "R": r"\mathbb{R}", "reals": r"\mathbb{R}",
    **dict.fromkeys(["textit", "textbf", "textrm", "mathrm", "mathbf", "mathit", "mbox", "hbox"], r"\text"),
    **dict.fromkeys(["operatorname", "boldsymbol"], r"\text"),
    **dict.fromkeys(["boxed", "fbox", "left", "right", "displaystyle", "textstyle", "limits"], ""),
    **dict.fromkeys(["big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr"], ""),
    **dict.fromkeys(["quad", "qquad", "thinspace", "enspace", "space"], " "),
}  # fmt: skip
"""Command without its backslash -> what it is written as; "" for one that carries no meaning."""
OTHER_NAMES = {
    "tg": "tan", "ctg": "cot", "cotg": "cot", "cosec": "csc", "sh": "sinh", "ch": "cosh", "th": "tanh", "sign": "sgn",
    **{f"{prefix}{name}": f"arc{full}" for prefix in ("arc", "ar", "a")
       for name, full in {"tg": "tan", "ctg": "cot", "sin": "sin", "cos": "cos", "tan": "tan", "sinh": "sinh",
                          "cosh": "cosh", "tanh": "tanh", "cot": "cot", "sec": "sec", "csc": "csc"}.items()},
}  # fmt: skip
"""Other spellings of functions."""
NAMED = FUNCTIONS | OTHER_NAMES.keys() | {"gcd", "lcm", "max", "min", "lim", "det", "mod"}
"""Names of functions that may stand without a backslash."""
