-- Takes what a key holds, once.
--
-- KEYS  1 the key
-- ARGV  1 what alone is taken, or what begins with it and an @; none for whatever it is
-- Reply {value}, or {} when it holds nothing (any more).
local value = redis.call('GET', KEYS[1])
if not value or ARGV[1] and value ~= ARGV[1] and string.sub(value, 1, #ARGV[1] + 1) ~= ARGV[1] .. '@' then
	return {}
end
redis.call('DEL', KEYS[1])
return {value}
