"""Derived state: an index over the node's journal, for queries. It can be deleted; the journal makes it again."""
