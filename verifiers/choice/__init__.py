r"""The verifier named ``choice``: the letter of a multiple-choice question, or the text of the choice.

An answer is read as letters: ``C``, ``(C)``, ``**C.**``, ``option C``, ``\text{(C)} 42``, ``A and C``; or, where the
choices are known, as the text of exactly one of them, equal as words or as mathematics. A letter whose text is another
choice's contradicts itself and is wrong; so are ``C or D`` and whatever is no choice.

Without a box (lenient policy) the answer is what an announcement says ("the answer is (C)", "the correct option is C")
and a last line that is a letter and nothing else; where both are there, they must agree. A letter in running prose is
never an answer: "A" is an article.
"""
