-- Reads all that is kept of a room but for who is in it, at one moment.
--
-- KEYS   1 the log   2 the amendments   3… the hashes
-- Reply {elements, elements, the log's time to live, ms; and for each hash its fields and values, and its time to live, ms}
local reply = {
  redis.call('LRANGE', KEYS[1], 0, -1),
  redis.call('LRANGE', KEYS[2], 0, -1),
  redis.call('PTTL', KEYS[1]),
}
for i = 3, #KEYS do
  reply[#reply + 1] = redis.call('HGETALL', KEYS[i])
  reply[#reply + 1] = redis.call('PTTL', KEYS[i])
end
return reply
