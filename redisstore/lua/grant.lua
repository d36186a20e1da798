-- Notes that a session was let into a room.
--
-- KEYS  1 the grants   2 the rules
-- ARGV  1 the session   2 how many are noted at most   3 their time to live, ms
-- Reply {the session}; {} of a room without rules, of which nothing is noted.
local grants, session, most = KEYS[1], ARGV[1], tonumber(ARGV[2])

if redis.call('EXISTS', KEYS[2]) == 0 then
  return {}
end
local time = redis.call('TIME')
redis.call('HSET', grants, session, string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)))
if redis.call('HLEN', grants) > most then
  local all, oldest, since = redis.call('HGETALL', grants), nil, nil
  for i = 1, #all, 2 do
    local at = tonumber(all[i + 1]) or 0
    if all[i] ~= session and (not since or at < since) then
      oldest, since = all[i], at
    end
  end
  redis.call('HDEL', grants, oldest)
end
redis.call('PEXPIRE', grants, ARGV[3])
return {session}
