"""Pellegrino, Cayco-Gajic & Chadwick 2023: connectivity of low tensor rank over learning.

Decompositions of planted weight tensors (H7, H11), and bounds on what gradient descent learns (H8,
H9).
"""

from lowrnn.reproduce.pellegrino2023 import decompositions, gradient_descent

CLAIMS = (*decompositions.CLAIMS, *gradient_descent.CLAIMS)
