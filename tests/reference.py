"""Every loss again, in plain slow loops: the formulas as they are printed, one pair and one triplet at a time.

This is what the fast losses are compared with, so nothing here comes from cl_core. Everything is float64 and every
number is a torch scalar, so that autograd through the loops gives the gradient. A loss takes embeddings z (B, D) and
labels y (a list) and returns its mean and its number of terms.
"""

import torch


def distance(a, b, metric):
    """One distance or similarity of two vectors; the derivative of d is taken as 0 at d = 0."""
    if metric == "dot":
        return (a * b).sum()
    if metric in ("similarity", "cosine"):
        s = (a / length(a) * (b / length(b))).sum()
        return s if metric == "similarity" else 1 - s
    d2 = ((a - b) ** 2).sum()
    if metric == "sqeuclidean":
        return d2
    return d2.sqrt() if d2 > 0 else 0 * d2


def length(a):
    r2 = (a * a).sum()
    return r2.sqrt() if r2 > 1e-24 else torch.tensor(1e-12, dtype=a.dtype)


def matrix(z, metric):
    """Rows of all values; value[i][j] is a scalar."""
    return [[distance(z[i], z[j], metric) for j in range(len(z))] for i in range(len(z))]


def positives(y, i):
    return [j for j in range(len(y)) if j != i and y[j] == y[i]]


def negatives(y, i):
    return [j for j in range(len(y)) if y[j] != y[i]]


def mean(terms, z):
    if not terms:
        return 0 * z.sum(), 0
    return torch.stack(terms).sum() / len(terms), len(terms)


def log_sum_exp(values):
    return torch.stack(values).logsumexp(0)


def softplus_of_lse(values, minus):
    """log(1 + sum of exp(v - minus)) over values; log(1 + 0) = 0 if there are none."""
    return log_sum_exp([0 * minus] + [v - minus for v in values])


def contrastive(z, y, margin=1.0, distance="euclidean", half=False):
    d = matrix(z, distance)
    terms = []
    for i in range(len(y)):
        for j in range(i + 1, len(y)):
            if y[i] == y[j]:
                term = d[i][j] ** 2
            elif d[i][j] < margin:
                term = (margin - d[i][j]) ** 2
            else:
                term = 0 * d[i][j]
            terms.append(term / 2 if half else term)
    return mean(terms, z)


def kind(d_ap, d_an, margin):
    """Hard, semi-hard or easy; exactly one of them."""
    if d_an <= d_ap:
        return "hard"
    if d_an < d_ap + margin:
        return "semihard"
    return "easy"


def kinds(value, positive, negative, margin):
    """Counts (easy, semihard, hard) over all triplets, for masks or labels given as nested lists of bool."""
    count = {"easy": 0, "semihard": 0, "hard": 0}
    for a in range(len(value)):
        for p in range(len(value[a])):
            for n in range(len(value[a])):
                if positive[a][p] and negative[a][n]:
                    count[kind(value[a][p], value[a][n], margin)] += 1
    return count["easy"], count["semihard"], count["hard"]


def mined(value, positive, negative, margin, mining):
    """All terms of the triplet loss under a mining rule; value may be a matrix of scalars or of numbers."""
    terms = []
    for a in range(len(value)):
        v = value[a]
        ps = [j for j in range(len(v)) if positive[a][j]]
        ns = [j for j in range(len(v)) if negative[a][j]]
        if mining == "batch_hard":
            if ps and ns:
                p = max(ps, key=lambda j: number(v[j]))
                n = min(ns, key=lambda j: number(v[j]))
                terms.append(hinge(v[p], v[n], margin))
            continue
        for p in ps:
            if mining in ("semihard_near", "semihard_tfa"):
                farther = [n for n in ns if v[n] > v[p]]
                if farther:
                    n = min(farther, key=lambda j: number(v[j]))
                    if mining == "semihard_tfa" or v[n] < v[p] + margin:
                        terms.append(hinge(v[p], v[n], margin))
                elif ns and mining == "semihard_tfa":
                    terms.append(hinge(v[p], v[max(ns, key=lambda j: number(v[j]))], margin))
                continue
            for n in ns:
                k = kind(v[p], v[n], margin)
                wanted = {
                    "all": True,
                    "all_nonzero": v[n] < v[p] + margin,
                    "hard": k == "hard",
                    "semihard": k == "semihard",
                }
                if wanted[mining]:
                    terms.append(hinge(v[p], v[n], margin))
    return terms


def number(x):
    return x.item() if isinstance(x, torch.Tensor) else x


def hinge(d_ap, d_an, margin):
    gap = d_ap - d_an + margin
    return gap if gap > 0 else 0 * gap


def masks(y):
    b = range(len(y))
    positive = [[j != i and y[j] == y[i] for j in b] for i in b]
    negative = [[y[j] != y[i] for j in b] for i in b]
    return positive, negative


def triplet(z, y, margin=0.2, distance="sqeuclidean", mining="semihard"):
    return mean(mined(matrix(z, distance), *masks(y), margin, mining), z)


def npair(z, y, l2=0.0):
    s = matrix(z, "dot")
    terms = []
    for i in range(len(y)):
        for p in positives(y, i):
            term = softplus_of_lse([s[i][n] for n in negatives(y, i)], s[i][p])
            terms.append(term + l2 * (s[i][i] + s[p][p]))
    return mean(terms, z)


def info_nce(z, y, temperature=0.1):
    s = matrix(z, "similarity")
    terms = []
    for i in range(len(y)):
        for p in positives(y, i):
            logits = [s[i][p] / temperature] + [s[i][n] / temperature for n in negatives(y, i)]
            terms.append(log_sum_exp(logits) - logits[0])
    return mean(terms, z)


def nt_xent(z, y=None, temperature=0.5):
    s = matrix(z, "similarity")
    half = len(z) // 2
    terms = []
    for i in range(2 * half):
        j = i + half if i < half else i - half
        everyone = [s[i][k] / temperature for k in range(len(z)) if k != i]
        terms.append(log_sum_exp(everyone) - s[i][j] / temperature)
    return mean(terms, z)


def supcon(z, y, temperature=0.1, variant="out"):
    s = matrix(z, "similarity")
    terms = []
    for i in range(len(y)):
        ps = positives(y, i)
        if not ps:
            continue
        whole = log_sum_exp([s[i][a] / temperature for a in range(len(y)) if a != i])
        log_q = [s[i][p] / temperature - whole for p in ps]
        if variant == "out":
            terms.append(-torch.stack(log_q).sum() / len(ps))
        else:
            terms.append(-(log_sum_exp(log_q) - torch.tensor(float(len(ps)), dtype=z.dtype).log()))
    return mean(terms, z)


LOSSES = {
    "contrastive": contrastive,
    "triplet": triplet,
    "npair": npair,
    "nt_xent": nt_xent,
    "supcon": supcon,
    "info_nce": info_nce,
}
