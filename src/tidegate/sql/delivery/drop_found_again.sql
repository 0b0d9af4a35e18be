-- Nobody knows whether they are still there.
--
-- tables: tidegate.delivered, found_again (of this transaction)

delete from tidegate.delivered
using found_again
where
    delivered.destination = found_again.destination
    and delivered.list = found_again.list
    and delivered.person = found_again.person
