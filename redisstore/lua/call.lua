-- Says who is in a room's call, if the roster is still the one that was read. After roster.lua.
--
-- ARGV  5 the roster's version   6 when the call began, ms   7 how many come into the call
--       8… the ids of those, then of those who go out of it
-- Reply {version, ms until the next lease runs out, ids, '1' if the version was that, else '0'}
local expected, start, coming = ARGV[5], ARGV[6], tonumber(ARGV[7])
local applies = opening and expected == '0' or not opening and int(v) == expected

if applies then
  for i = 8, #ARGV do
    local id = ARGV[i]
    local record = redis.call('HGET', members, id)
    local joined, identity, transport, since
    if record then
      joined, identity, transport, since = parts(record)
    end
    local comes = i < 8 + coming
    if joined and comes ~= (since ~= nil) then
      record = whole(joined, identity, transport, comes and start or nil)
      redis.call('HSET', members, id, record)
      announce('J', record)
    end
  end
end

local reply = finish()
reply[4] = applies and '1' or '0'
return reply
