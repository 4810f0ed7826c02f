"""How the program of `articles.CONTRASTING` differs from the cells "as published", and what cannot be known of it.

Its program was read at commit 97b6166 of its repository: model.py, main.py, main_ce_baseline.py, losses.py and both
notebooks.
"""

from typing import NamedTuple

# how the experiment is done, and which unusual choices of the article it repeats
METHOD = (
    "The encoder is trained for 20 epochs, and the classifier on top of it for another 20. The baseline is trained for "
    "20 epochs in total.",
    "The article makes three unusual choices, which the numbers as published repeat: the classifiers apply softmax "
    "twice, the N-pair loss treats each anchor as a positive of itself, and supervised NT-Xent is multiplied by "
    "τ/0.07.",
    "The losses of the second article, at the end of the table, were trained for a quarter of the epochs.",
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
        "two layers of 256, each followed by an activation; embeddings have 256 dimensions (`projection_dim`, 128, is "
        "never used)",
        "a layer of 256 with an activation, then one of 128 without",
    ),
    Difference(
        "initial weights",
        "Keras' default: Glorot uniform, with biases of zero, also in the baseline's classifier",
        "PyTorch's default, with random biases",
    ),
    Difference("Adam's epsilon", "Keras' 10⁻⁷, added before the bias correction", "PyTorch's 10⁻⁸, added after it"),
    Difference("last batch of an epoch", "kept, although it is smaller (96 of 256, 608 of 2,048)", "left out"),
)
UNKNOWN = (
    "Not copied: the order of the images. The program shuffles them once, and then draws each batch from a buffer of "
    "5,000. Here every epoch shuffles all 60,000 images again.",
    "Not copied: unprotected divisions by lengths and square roots of distances, which can produce NaN. Here both are "
    "protected.",
    "Not known: the random numbers, and how many runs each number is a mean of. The program sets seed 42, but with the "
    "same seed TensorFlow and PyTorch draw different numbers.",
    "Not known: the versions. The notebooks ran on TensorFlow 2.1.0. The program's list of packages names 2.3.1, after "
    "an automatic change, and TensorFlow Addons 0.9.1, whose triplet losses square the distances, as here.",
    "Not known: the arguments behind the table. The defaults are batch 512 and rate 0.5. Until a change of 24 May 2020 "
    "the second stage had the batch size of the first; here it has 32, as in the program now.",
    "Not known: whether a number comes from the program or from its notebooks, which have other settings: a cosine "
    "distance for max-margin, and a temperature of 0.1 for supervised NT-Xent.",
    "Added here: the triplet loss without mining. Left out: the program's soft batch-hard loss.",
)
