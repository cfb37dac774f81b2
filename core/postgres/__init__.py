"""PostgreSQL: named statements, typed records, and the adapters behind the domain's ports.

Rows and the driver stay in this room; domain objects go in and come out.
"""
