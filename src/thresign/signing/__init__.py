"""From a certified order to one answered signature, sans-IO.

stages      the stages of an order as types; the only way to one is through the one before
combining   partials -> a verified signature, or who is to blame
messages    what nodes say to each other about partials and results
journey     the walk: partials, combining, holding, reporting what is missing, answering
"""
