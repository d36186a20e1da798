-- Reads the roster. After roster.lua.
--
-- Reply {version, ms until the next lease runs out, records}
local reply = finish()
reply[3] = redis.call('HVALS', members)
return reply
