-- Everything received is forgotten. Labels are not received: the run that knows them tells them once.

delete from feedback;
delete from behaviour;
delete from bodies;
delete from messages;
delete from origins;
insert into words (words) values ('delete-all');
delete from identifiers;
delete from members;
delete from changed;
delete from changes;
delete from lists;
delete from record_values;
delete from records;
delete from record_changes;
delete from numbers;
delete from webhooks;
delete from calls;
delete from faults;
delete from clock;
