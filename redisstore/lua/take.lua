-- Takes what a key holds, once.
--
-- KEYS  1 the key
-- Reply {value}, or {} when it holds nothing (any more).
local value = redis.call('GET', KEYS[1])
if not value then
	return {}
end
redis.call('DEL', KEYS[1])
return {value}
