"""What connectors have in common; one of them takes what it needs, and what an ejected one takes stays public.

http           one call, and what its failure means for the rows that it carried
bearer, oauth  calls with a token, and where tokens come from
public_hosts   calls to addresses that somebody else chose
exchange       what was asked and answered, for whoever listens
rows           rows by what decides who each is, in calls that a platform takes
lists          an account's lists by their names
moments        dates and times as they come in traits
letter, mime   an e-mail, checked; its fields, or its bytes
"""
