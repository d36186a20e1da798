-- Uses a record once, for a session that it lets into the room. One that was let in before uses nothing up.
--
-- KEYS  1 the records   2 who was let into the room: session → when, ms
-- ARGV  1 the record's id   2 its hash   3 the session
-- Reply {when the session was let in}, or {} when there is no such record (any more).
local records, grants, id, session = KEYS[1], KEYS[2], ARGV[1], ARGV[3]
local record = redis.call('HGET', records, id)
if not record then
  return {}
end
local hash, expires, uses, used, data = string.match(record, '^(%S+) (%d+) (%d+) (%d+) (.*)$')
if not hash then
  return redis.error_reply('CORRUPT ' .. records)
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
if hash ~= ARGV[2] or tonumber(expires) <= now then
  return {}
end
local since = redis.call('HGET', grants, session)
if since then
  return {since}
end
if uses ~= '0' and tonumber(used) >= tonumber(uses) then
  return {}
end
redis.call('HSET', records, id, hash .. ' ' .. expires .. ' ' .. uses .. ' ' .. (tonumber(used) + 1) .. ' ' .. data)
since = string.format('%.0f', now)
redis.call('HSET', grants, session, since)
return {since}
