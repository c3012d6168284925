"""Ways to compute one retrieval ``softmax(q k^T + mask) v``, and the choice among them.

Shapes, in all of them: ``q [B, H, S, h]`` with beta already in it, ``k [B, H, N, h]``,
``v [B, H, N, p]``, ``mask`` broadcastable to ``[B, H, S, N]`` (bool: True = may be retrieved; float:
added to the scores) or None; the result is ``[B, H, S, p]``.
"""
