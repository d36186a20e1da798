-- Reads all that is kept of a room at one moment. In a Cluster whose slot is on the move it is answered TRYAGAIN, while
-- one list is here and the other there, and never with half of the room.
--
-- KEYS   1 the log   2 the amendments
-- Reply {elements, elements, the time that they are kept for yet, ms}
return {
  redis.call('LRANGE', KEYS[1], 0, -1),
  redis.call('LRANGE', KEYS[2], 0, -1),
  redis.call('PTTL', KEYS[1]),
}
