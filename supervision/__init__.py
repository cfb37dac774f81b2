"""Several processes of one program behind one port: started, watched, replaced, and summed up.

Nothing but the standard library, so that a supervisor stays small. It knows neither core nor
gateway: each gives it a command to run and takes its own end of the channel (`worker`).
"""
