"""REST, version 1: how callers ask. api/openapi.json is the contract.

interface   what rest needs of the node
requests    from HTTP to a signed request record, strictly
problems    errors as RFC 9457 problem documents
schemas     what is answered
routes, app     the routes, and the FastAPI app around them
connection  uvicorn's connection, with an answer in one write
"""
