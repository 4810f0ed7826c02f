"""Reference implementation of every loss: the printed formulas as plain loops, one pair and one triplet at a time.

The fast losses are compared with it, so nothing here comes from cl_core. Everything is float64 and every number is a
torch scalar, so that autograd through the loops gives the gradient. A loss takes embeddings z (B, D) and labels y (a
list), with class weights also w (C, D), and returns its mean and its number of terms.
"""

import math

import torch


def distance(a, b, metric):
    """Return a distance or similarity of two vectors; the derivative of d is taken as 0 at d = 0."""
    if metric == "dot":
        return (a * b).sum()
    if metric in ("similarity", "cosine"):
        s = (unit(a) * unit(b)).sum()
        return s if metric == "similarity" else 1 - s
    d2 = ((a - b) ** 2).sum()
    if metric == "sqeuclidean":
        return d2
    return d2.sqrt() if d2 > 0 else 0 * d2


def length(a):
    r2 = (a * a).sum()
    return r2.sqrt() if r2 > 1e-24 else torch.tensor(1e-12, dtype=a.dtype)


def unit(a):
    return a / length(a)


def matrix(z, metric):
    """Return all values as nested lists; value[i][j] is a scalar."""
    points = z.unbind()  # for autograd one operation, where every z[i] is one with a gradient of the size of z
    if metric in ("similarity", "cosine"):
        points = [unit(a) for a in points]
        s = [[(a * b).sum() for b in points] for a in points]
        return s if metric == "similarity" else [[1 - value for value in row] for row in s]
    return [[distance(a, b, metric) for b in points] for a in points]


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
    """Return log(1 + sum of exp(v - minus)) over values; log(1 + 0) = 0 if there are none."""
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
    """Return the kind of a triplet: hard, semi-hard or easy."""
    if d_an <= d_ap:
        return "hard"
    if d_an < d_ap + margin:
        return "semihard"
    return "easy"


def kinds(value, positive, negative, margin):
    """Return the counts (easy, semihard, hard) over all triplets; the masks are nested lists of bool."""
    count = {"easy": 0, "semihard": 0, "hard": 0}
    for a in range(len(value)):
        for p in range(len(value[a])):
            for n in range(len(value[a])):
                if positive[a][p] and negative[a][n]:
                    count[kind(value[a][p], value[a][n], margin)] += 1
    return count["easy"], count["semihard"], count["hard"]


def mined(value, positive, negative, margin, mining):
    """Return all terms of the triplet loss under a mining rule; `value` is a matrix of torch scalars or of numbers."""
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
        candidates = [s[i][k] / temperature for k in range(len(z)) if k != i]
        terms.append(log_sum_exp(candidates) - s[i][j] / temperature)
    return mean(terms, z)


def supcon(z, y, temperature=0.1, variant="out"):
    s = matrix(z, "similarity")
    terms = []
    for i in range(len(y)):
        ps = positives(y, i)
        if not ps:
            continue
        log_total = log_sum_exp([s[i][a] / temperature for a in range(len(y)) if a != i])
        log_q = [s[i][p] / temperature - log_total for p in ps]
        if variant == "out":
            terms.append(-torch.stack(log_q).sum() / len(ps))
        else:
            terms.append(-(log_sum_exp(log_q) - torch.tensor(float(len(ps)), dtype=z.dtype).log()))
    return mean(terms, z)


def self_paced_weight(gap):
    """Return a self-paced weight: how far a similarity is from its optimum, held fixed under differentiation."""
    return gap.detach() if gap > 0 else 0 * gap.detach()


def pair_groups(y, pool):
    """Return (positive pairs, negative pairs) of each group: that of an anchor, or all of the batch, each pair once."""
    b = range(len(y))
    if pool == "anchor":
        return [([(i, p) for p in positives(y, i)], [(i, n) for n in negatives(y, i)]) for i in b]
    pairs = [(i, j) for i in b for j in b if i < j]
    return [([(i, j) for i, j in pairs if y[i] == y[j]], [(i, j) for i, j in pairs if y[i] != y[j]])]


def product_of_sums(logits_p, logits_n):
    """Return log(1 + sum of exp over negatives times sum of exp over positives)."""
    both = log_sum_exp(logits_n) + log_sum_exp(logits_p)
    return log_sum_exp([0 * both, both])


def self_paced_terms(z, y, pool, logit_p, logit_n):
    """Return one term per group that has both positive and negative pairs, averaged."""
    s = matrix(z, "similarity")
    terms = []
    for pairs_p, pairs_n in pair_groups(y, pool):
        if pairs_p and pairs_n:
            terms.append(
                product_of_sums([logit_p(s[i][j]) for i, j in pairs_p], [logit_n(s[i][j]) for i, j in pairs_n])
            )
    return mean(terms, z)


def circle(z, y, margin=0.25, scale=32.0, pool="anchor"):
    def logit_p(s_p):
        return -scale * self_paced_weight(1 + margin - s_p) * (s_p - (1 - margin))

    def logit_n(s_n):
        return scale * self_paced_weight(s_n + margin) * (s_n - margin)

    return self_paced_terms(z, y, pool, logit_p, logit_n)


def circle_general(
    z, y, optimum_p=1.25, optimum_n=-0.25, margin_p=0.75, margin_n=0.25, scale=32.0, pacing=1.0, gradient="frozen"
):
    def weight(distance):
        weight = 1 - pacing + pacing * distance.clamp(min=0)
        return weight.detach() if gradient == "frozen" else weight

    def logit_p(s_p):
        return -scale * weight(optimum_p - s_p) * (s_p - margin_p)

    def logit_n(s_n):
        return scale * weight(s_n - optimum_n) * (s_n - margin_n)

    return self_paced_terms(z, y, "anchor", logit_p, logit_n)


def pccl(z, y, margin=0.25, temperature=1 / 16, xi=1):
    def logit_p(s_p):
        return -self_paced_weight(1 + margin - s_p) * s_p / (xi * temperature)

    def logit_n(s_n):
        return self_paced_weight(s_n + margin) * s_n / temperature

    return self_paced_terms(z, y, "anchor", logit_p, logit_n)


def pccl_released(z, y, margin=0.4, scale=64.0, k=1):
    def logit_p(s_p):
        return -scale * self_paced_weight(1 + margin - s_p) * (s_p - (1 - margin)) / k

    def logit_n(s_n):
        return scale * self_paced_weight(s_n + margin) * (s_n - margin)

    return self_paced_terms(z, y, "batch", logit_p, logit_n)


# --- losses with one weight vector per class --------------------------------------------------------------------------


def cross_entropy(z, y, classes, logit):
    """Return one term per sample, averaged; logit(x, c, own) is that of class c, and `own` says if it is the label."""
    terms = []
    for i in range(len(y)):
        logits = [logit(z[i], c, c == y[i]) for c in range(classes)]
        terms.append(log_sum_exp(logits) - logits[y[i]])
    return mean(terms, z)


def cos_of_multiple(s, m):
    """Return cos(m theta) for s = cos(theta): the real part of (cos + i sin)^m, by the binomial theorem."""
    return sum((-1) ** j * math.comb(m, 2 * j) * s ** (m - 2 * j) * (1 - s**2) ** j for j in range(m // 2 + 1))


def psi(s, m):
    """Return (-1)^k cos(m theta) - 2k on the k-th of m equal pieces of [0, pi]."""
    theta = math.acos(min(max(number(s), -1.0), 1.0))
    k = min(int(theta / (math.pi / m)), m - 1)
    return (-1) ** k * cos_of_multiple(s, m) - 2 * k


def annealed_psi(s, m, annealing):
    return (annealing * s + psi(s, m)) / (1 + annealing)


def softmax(z, y, w, bias):
    return cross_entropy(z, y, len(w), lambda x, c, own: distance(x, w[c], "dot") + bias[c])


def normface(z, y, w, scale=20.0):
    return cross_entropy(z, y, len(w), lambda x, c, own: scale * distance(x, w[c], "similarity"))


def l_softmax(z, y, w, margin=2, annealing=0.0):
    def logit(x, c, own):
        if not own:
            return distance(x, w[c], "dot")  # |W| |x| cos
        return length(w[c]) * length(x) * annealed_psi(distance(x, w[c], "similarity"), margin, annealing)

    return cross_entropy(z, y, len(w), logit)


def sphereface(z, y, w, margin=4, annealing=0.0):
    def logit(x, c, own):
        if not own:
            return distance(x, w[c] / length(w[c]), "dot")  # |x| cos
        return length(x) * annealed_psi(distance(x, w[c], "similarity"), margin, annealing)

    return cross_entropy(z, y, len(w), logit)


def am_softmax(z, y, w, margin=0.35, scale=30.0):
    def logit(x, c, own):
        s = distance(x, w[c], "similarity")
        return scale * (s - margin) if own else scale * s

    return cross_entropy(z, y, len(w), logit)


def arcface(z, y, w, margin=0.5, scale=64.0):
    def logit(x, c, own):
        s = distance(x, w[c], "similarity")
        if not own:
            return scale * s
        if s < math.cos(math.pi - margin):  # theta + margin would pass pi
            return scale * (s - margin * math.sin(margin))
        sine2 = 1 - s**2
        sine = sine2.sqrt() if sine2 > 0 else 0 * s  # no derivative at 0
        return scale * (s * math.cos(margin) - sine * math.sin(margin))

    return cross_entropy(z, y, len(w), logit)


def circle_class(z, y, w, margin=0.25, scale=32.0):
    def logit(x, c, own):
        s = distance(x, w[c], "similarity")
        if own:
            return scale * self_paced_weight(1 + margin - s) * (s - (1 - margin))
        return scale * self_paced_weight(s + margin) * (s - margin)

    return cross_entropy(z, y, len(w), logit)


LOSSES = {
    "contrastive": contrastive,
    "triplet": triplet,
    "npair": npair,
    "nt_xent": nt_xent,
    "supcon": supcon,
    "info_nce": info_nce,
    "circle": circle,
    "circle_general": circle_general,
    "pccl": pccl,
    "pccl_released": pccl_released,
}
CLASS_LOSSES = {
    "softmax": softmax,
    "normface": normface,
    "l_softmax": l_softmax,
    "sphereface": sphereface,
    "am_softmax": am_softmax,
    "arcface": arcface,
    "circle_class": circle_class,
}
