-- Reads the roster. After roster.lua.
--
-- Reply {version, ms until the next lease runs out, records of those taken out, all records}
local reply = finish()
reply[4] = redis.call('HVALS', members)
return reply
