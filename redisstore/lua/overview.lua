-- A room in numbers. It changes nothing.
--
-- KEYS  1 the log   2 members   3 leases   4 holds   5 rules   6 files
-- ARGV  1 of how many members at most the guests are counted
--       2 the attribute of those who are in a call
-- Reply {entries, head of the first, head of the last, in the last minute, in the last hour, members, guests, in a call,
--        version of the rules, settings, closed, files, bytes}, all as text; a head is "SEQ-TAG PREVTAG TIME".
local call = redis.call
local log, members = KEYS[1], KEYS[2]
local time = call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function text(n)
  return string.format('%.0f', n)
end

local function head(place)
  return string.match(call('LINDEX', log, place) or '', '^(%S+ %S+ %d+) ') or ''
end

local function at(place)
  return tonumber(string.match(head(place), '%d+$')) or 0
end

local entries = call('LLEN', log)
local first, last = '', ''
local minute, hour = 0, 0
if entries > 0 then
  first, last = head(0), head(-1)
  -- How many came since then, of which there are some already: in steps from the end that double, for most rooms have
  -- been quiet. Times never go back by more than a clock's correction.
  local function since(begin, known)
    local step = 1
    while known + step <= entries and at(-known - step) >= begin do
      known, step = known + step, step * 2
    end
    local most = math.min(entries, known + step - 1)
    while known < most do
      local middle = math.ceil((known + most) / 2)
      if at(-middle) >= begin then
        known = middle
      else
        most = middle - 1
      end
    end
    return known
  end
  minute = since(now - 60000, 0)
  hour = since(now - 3600000, minute)
end

-- Those whose last lease has lapsed are gone, though nobody has looked yet.
local present = call('HLEN', members)
local lapsed, gone = {}, 0
if present > 0 then
  for _, lease in ipairs(call('ZRANGEBYSCORE', KEYS[3], '-inf', text(now))) do
    local id = string.sub(lease, 18)
    lapsed[id] = (lapsed[id] or 0) + 1
  end
  for id, leases in pairs(lapsed) do
    if (tonumber(call('HGET', KEYS[4], id)) or 0) <= leases then
      gone = gone + 1
    else
      lapsed[id] = nil
    end
  end
end
local guests, calling = -1, -1
if present <= tonumber(ARGV[1]) then
  guests, calling = 0, 0
  if present > 0 then
    local all = call('HGETALL', members)
    for i = 1, #all, 2 do
      if not lapsed[all[i]] then
        if string.find(all[i + 1], '"guest":true', 1, true) then
          guests = guests + 1
        end
        if string.find(all[i + 1], '\n' .. ARGV[2] .. ' ', 1, true) then
          calling = calling + 1
        end
      end
    end
  end
end

local rules = call('HMGET', KEYS[5], 'version', 'settings', 'closed')
local files = call('HLEN', KEYS[6])
local bytes = call('HGET', KEYS[6], '#bytes')
if bytes then
  files = files - 1
end
return {
  text(entries), first, last, text(minute), text(hour), text(present - gone), text(guests), text(calling),
  rules[1] or '', rules[2] or '', rules[3] or '', text(files), bytes or '0',
}
