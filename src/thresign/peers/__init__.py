"""Between nodes: mutual TLS 1.3, one connection a pair, length-prefixed frames, writes coalesced.

identity     the domain's CA and the modules' certificates
frames       cutting a stream into frames
connection   connecting, accepting, sending, losing and finding each other again
"""
