"""The use cases: what the user service does, each as the rule that it follows.

A use case opens one unit of work and commits it once. It knows the domain and its ports alone.
"""
