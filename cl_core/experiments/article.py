"""How the program of `articles.CONTRASTING` differs from the cells "as published", and what cannot be known of it.

Its program was read at commit 97b6166 of its repository: model.py, main.py, main_ce_baseline.py, losses.py and both
notebooks.
"""

from typing import NamedTuple

# how the experiment is done, and what is odd in it
METHOD = (
    "The encoder learns for 20 epochs, and the classifier on it for another 20; the baseline has 20 in all.",
    "Three choices are odd, and are kept in the numbers as published: the classifiers apply softmax twice, the N-pair "
    "loss takes an anchor for a positive of its own, and supervised NT-Xent is multiplied by τ/0.07.",
    "The second article's losses, at the end of the table, had a quarter of the epochs.",
)


class Difference(NamedTuple):
    """One difference between the article's program and the cells "as published".

    Attributes:
        what: what differs.
        program: how the article's program has it, and the study "the article's program".
        ours: how the cells "as published" have it.
    """

    what: str
    program: str
    ours: str


DIFFERENCES = (
    Difference("activation", "leaky ReLU, slope 0.3 below zero", "ReLU"),
    Difference(
        "projector",
        "two layers of 256, an activation after each: embeddings of 256 numbers (`projection_dim`, 128, is never used)",
        "a layer of 256 with an activation, then one of 128 without",
    ),
    Difference(
        "initial weights",
        "Keras': Glorot uniform, biases at zero, also in the baseline's classifier",
        "PyTorch's, biases at random",
    ),
    Difference("Adam's epsilon", "Keras' 1e-7, added before the bias correction", "PyTorch's 1e-8, added after it"),
    Difference("last batch of an epoch", "kept, though smaller (96 of 256, 608 of 2,048)", "left out"),
)
UNKNOWN = (
    "Not copied: the order of the images. The program shuffles them once, and then draws each batch from a buffer of "
    "5,000; here every epoch has its own order of all 60,000.",
    "Not copied: it divides by lengths and takes square roots of distances as they come, and so can end in NaN; here "
    "both are guarded.",
    "Not known: the random numbers, and how many runs stand behind a number. The program sets seed 42, but TensorFlow "
    "draws other numbers from it than PyTorch.",
    "Not known: the versions. The notebooks ran on TensorFlow 2.1.0; the program's list of packages says 2.3.1, after "
    "an automatic change, and TensorFlow Addons 0.9.1, whose triplet losses square the distances, as here.",
    "Not known: the arguments behind the table. The defaults are batch 512 and rate 0.5, and until a change of 24 May "
    "2020 the second stage had the batch size of the first; here it has 32, as the program does now.",
    "Not known: whether a number comes from the program or from its notebooks, which have other settings: a cosine "
    "distance for max-margin, a temperature of 0.1 for supervised NT-Xent.",
    "Added here: the triplet loss without mining. Left out: the program's soft batch-hard loss.",
)
