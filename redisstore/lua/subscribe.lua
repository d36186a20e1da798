-- Keeps what a member is reached by: the newest subscriptions, each once.
--
-- KEYS  1 the member's subscriptions
-- ARGV  1 a subscription's id   2 "ID SUBSCRIPTION", or empty to take it away
--       3 how many are kept     4 for how long, ms
-- Reply {id, id…}: those that are not kept any more. The elements are in the order in which they were
--       last given.
local key, id, element = KEYS[1], ARGV[1], ARGV[2]

local kept = redis.call('LRANGE', key, 0, -1)
local others, found = {}, false
for _, one in ipairs(kept) do
	if string.sub(one, 1, #id + 1) == id .. ' ' then
		found = true
	else
		others[#others + 1] = one
	end
end
if element == '' and not found then
	return {}
end
local gone = {}
if element == '' then
	gone[1] = id
end
local left = redis.call('PTTL', key)
redis.call('DEL', key)
for _, one in ipairs(others) do
	redis.call('RPUSH', key, one)
end
if element ~= '' then
	redis.call('RPUSH', key, element)
	for _ = 1, #others + 1 - tonumber(ARGV[3]) do
		gone[#gone + 1] = string.match(redis.call('LPOP', key), '^%S+')
	end
	left = tonumber(ARGV[4])
end
if left > 0 then
	redis.call('PEXPIRE', key, left)
end
return gone
