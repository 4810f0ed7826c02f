"""What holds for every test."""

import torch

torch.set_num_threads(1)  # as in a worker; two on busy cores are several times slower
