-- Reads the records of a kind that are good, or one of them.
--
-- KEYS  1 the records
-- ARGV  1 the id of the one; '' for all
-- Reply {id, record, id, record…}
local records, id = KEYS[1], ARGV[1]
local found
if id == '' then
  found = redis.call('HGETALL', records)
else
  found = {id, redis.call('HGET', records, id) or nil}
end
local good = {}
if #found < 2 then
  return good
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
for i = 1, #found, 2 do
  local expires, uses, used = string.match(found[i + 1], '^%S+ (%d+) (%d+) (%d+) ')
  if not expires then
    return redis.error_reply('CORRUPT ' .. records)
  end
  if tonumber(expires) > now and (uses == '0' or tonumber(used) < tonumber(uses)) then
    good[#good + 1] = found[i]
    good[#good + 1] = found[i + 1]
  end
end
return good
