"""Pellegrino, Cayco-Gajic & Chadwick 2023: connectivity of low tensor rank over learning.

A network that adapts its reaches (H1 to H4) and what becomes of its eigenvalues (H12), fits to the
activity of a known network (H5, H6), decompositions of planted weight tensors (H7, H11), bounds on
what gradient descent learns (H8, H9), the reduced dynamics (H10) and slice components (H13).
"""

from lowrnn.reproduce.pellegrino2023 import (
    decompositions,
    eigenvalues,
    fits,
    gradient_descent,
    models,
    motor,
)

CLAIMS = (
    *motor.CLAIMS,
    *eigenvalues.CLAIMS,
    *fits.CLAIMS,
    *decompositions.CLAIMS,
    *gradient_descent.CLAIMS,
    *models.CLAIMS,
)
