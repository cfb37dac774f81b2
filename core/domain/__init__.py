"""What the user service knows: entities, rules, events, errors and ports.

Standard library only. Nothing here knows gRPC, HTTP, SQL, Redis or Vault.
"""
