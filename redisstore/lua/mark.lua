-- Moves a session's mark in a room forward, or says where it is.
--
-- KEYS  1 the session's marks
-- ARGV  1 the room    2 the cursor    3 'move', or 'start' for a mark only where there is none
--       4 a cursor from which the mark is moved in any case
--       5 how many marks a session may have   6 their time to live, ms
-- Reply {where the mark is}
local marks, room, to, how, void, most, ttl = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6]

local function number_of(cursor)
  return tonumber(string.match(cursor, '^%d+'))
end

local stored = redis.call('HGET', marks, room)
local at = stored and string.match(stored, '^(%d+%-%x+) %d+$')
if stored and not at then
  return redis.error_reply('CORRUPT ' .. marks)
end

if not at or how == 'move' and (number_of(to) > number_of(at) or at == void and to ~= at) then
  local time = redis.call('TIME')
  local now = string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))
  redis.call('HSET', marks, room, to .. ' ' .. now)
  at = to
  if not stored and redis.call('HLEN', marks) > most then
    local all, oldest, since = redis.call('HGETALL', marks), nil, nil
    for i = 1, #all, 2 do
      local t = tonumber(string.match(all[i + 1], ' (%d+)$')) or 0
      if all[i] ~= room and (not since or t < since) then
        oldest, since = all[i], t
      end
    end
    redis.call('HDEL', marks, oldest)
  end
end

redis.call('PEXPIRE', marks, ttl)
return {at}
