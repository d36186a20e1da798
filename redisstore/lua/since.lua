-- Reads of a room what it takes to count what comes after a cursor (chat.Marks).
--
-- KEYS  1 the log   2 the amendments
-- ARGV  1 the cursor   2 how many of the last elements to read in any case
-- Reply {elements, elements, the time that they are kept for yet, ms}
local log, amendments, cursor, least = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2])
local seq = tonumber(string.match(cursor, '^%d+'))

local function number_of(element)
  local seq = string.match(element, '^(%d+)%-%x%x%x%x%x%x%x%x ')
  return seq and tonumber(seq)
end

-- The place, from 0, of the first element in a list with this number or a later one; nothing for what is no list of elements.
local function place(list, length)
  local low, high = 0, length
  while low < high do
    local middle = math.floor((low + high) / 2)
    local at = number_of(redis.call('LINDEX', list, middle))
    if not at then
      return
    elseif at < seq then
      low = middle + 1
    else
      high = middle
    end
  end
  return low
end

local length, amended = redis.call('LLEN', log), redis.call('LLEN', amendments)
local first, first_amended = place(log, length), place(amendments, amended)
if not first then
  return redis.error_reply('CORRUPT ' .. log)
elseif not first_amended then
  return redis.error_reply('CORRUPT ' .. amendments)
end

-- By the entry of the cursor, or else the one after it, one sees whether it has a place in the log; so one of the lists has
-- the two, if anything has.
local some = {}
for i = first_amended, math.min(first_amended + 1, amended - 1) do
  some[#some + 1] = redis.call('LINDEX', amendments, i)
end
if amended > 0 and (#some == 0 or first_amended + 2 < amended) then -- the last one, by which one sees where the log ends
  some[#some + 1] = redis.call('LINDEX', amendments, -1)
end

-- What begins at the cursor's own entry is all that comes after it; a cursor of another log is one before everything.
local own = redis.call('LINDEX', log, first)
local known = false
for _, element in ipairs({own or '', some[1] or ''}) do
  local at = number_of(element)
  if at == seq then
    known = string.sub(element, 1, #cursor + 1) == cursor .. ' '
    break
  elseif at == seq + 1 then
    known = string.match(element, '^%S+ (%x+) ') == string.match(cursor, '%-(%x+)$')
    break
  end
end
if not known then
  first = 0
end
return {
  redis.call('LRANGE', log, math.max(0, math.min(first, length - least)), -1),
  some,
  redis.call('PTTL', log),
}
