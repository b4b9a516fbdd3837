"""The operations: in each file, public functions that make nodes, beside the entries of the table that
evaluate them.
"""
