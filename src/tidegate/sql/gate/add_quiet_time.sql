-- A stretch of the week in which nobody is disturbed by a channel.
--
-- tables: quiet_times
-- params: $1 channel, $2 and $3 minutes of the week, from and to before

insert into quiet_times values ($1, $2, $3)
