-- Keeps one more record of a kind, and lets go of those that are good no more.
--
-- KEYS  1 the records
-- ARGV  1 the record's id   2 the record: "HASH EXPIRES USES USED DATA"   3 how many there may be
-- Reply {the record of that id}: the one that was there already, else the new one; {} when there are too many.
local records, id, record, most = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function expiry(of)
  local expires, uses, used = string.match(of, '^%S+ (%d+) (%d+) (%d+) ')
  if not expires then
    return
  end
  if uses ~= '0' and tonumber(used) >= tonumber(uses) then
    return 0
  end
  return tonumber(expires)
end

local last = expiry(record)
local all = redis.call('HGETALL', records)
local count = 0
for i = 1, #all, 2 do
  local expires = expiry(all[i + 1])
  if not expires then
    return redis.error_reply('CORRUPT ' .. records)
  end
  if expires <= now then
    redis.call('HDEL', records, all[i])
  elseif all[i] == id then
    return {all[i + 1]}
  else
    count = count + 1
    last = math.max(last, expires)
  end
end
if count >= most then
  return {}
end
redis.call('HSET', records, id, record)
redis.call('PEXPIREAT', records, string.format('%.0f', last))
return {record}
