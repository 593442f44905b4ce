"""What is agreed on: genesis and roster, requests, statements, orders, batches, headers, votes, certificates, bundles.

Pure values and their checks; docs/spec/orders.md gives every byte. The same checks in C: native/certificate.
"""
