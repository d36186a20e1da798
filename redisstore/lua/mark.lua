-- Moves sessions' marks in a room forward, or says where they are.
--
-- KEYS  for each session its marks
-- ARGV  1 the room    2 'move', or 'start' for a mark only where there is none
--       3 a cursor from which a mark is moved in any case
--       4 how many marks a session may have   5 their time to live, ms
--       6… for each session the cursor
-- Reply where the mark of each is
local room, how, void, most, ttl = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]

local time = redis.call('TIME')
local now = string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))

local function number_of(cursor)
  return tonumber(string.match(cursor, '^%d+'))
end

-- A session has too many marks: the one that was moved first goes.
local function drop_oldest(marks)
  local all, oldest, since = redis.call('HGETALL', marks), nil, nil
  for i = 1, #all, 2 do
    local t = tonumber(string.match(all[i + 1], ' (%d+)$')) or 0
    if all[i] ~= room and (not since or t < since) then
      oldest, since = all[i], t
    end
  end
  redis.call('HDEL', marks, oldest)
end

local reply = {}
for i, marks in ipairs(KEYS) do
  local to = ARGV[5 + i]
  local stored = redis.call('HGET', marks, room)
  local at = stored and string.match(stored, '^(%d+%-%x+) %d+$')
  if stored and not at then
    return redis.error_reply('CORRUPT ' .. marks)
  end
  if not at or how == 'move' and (number_of(to) > number_of(at) or at == void and to ~= at) then
    redis.call('HSET', marks, room, to .. ' ' .. now)
    at = to
    if not stored and redis.call('HLEN', marks) > most then
      drop_oldest(marks)
    end
  end
  redis.call('PEXPIRE', marks, ttl)
  reply[i] = at
end
return reply
