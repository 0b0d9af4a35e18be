-- The SHA-256 of each value's UTF-8 bytes, as 64 lower-case hexadecimal digits, in the order given.
--
-- tables: given
-- params: none

select sha256(value) as hashed
from given
