-- Appends an edit, a deletion or a reaction, and rewrites what is kept of the message that it is about: what
-- chat.Draft.Changes and chat.Entry.AmendedBy say, in one step. After log.lua.
--
-- ARGV  14 '1' when the author may delete what others have said, else '0'
--       15 different emoji at most       16 reactions at most
--       17 '1' for an edit that leaves no text, else '0'
local TOO_MANY_EMOJI, TOO_MANY_REACTORS, EMPTY = 8, 9, 14

local t = tools()
local place, kept = t.find(log, target)
if not place then
  return {'', NOT_FOUND}
end
local kept_head, message = t.parts(kept)
local change = cjson.decode(ARGV[4])
if message.kind ~= 'message' then
  return {'', NOT_FOUND}
end
local own = message.from.id == change.from.id
local may = own or change.kind == 'delete' and ARGV[14] == '1'

-- There is nothing to do, and under the same key there will not be.
local function unchanged()
  if key then
    call('SET', key, '0-0 ' .. at .. ' ' .. ARGV[10], 'PX', ARGV[8])
  end
  return {at, UNCHANGED}
end

if message.deleted then
  if change.kind == 'delete' and may then
    return unchanged()
  end
  return {'', DELETED}
end

-- Puts an emoji under the message, or takes it away. A status says why that can't be done.
local function react()
  local all, total, known, there = message.reactions or {}, 0, nil, nil
  for i, of in ipairs(all) do
    total = total + #of.by
    if of.emoji == change.emoji then
      known = i
      for j, member in ipairs(of.by) do
        if member == change.from.id then
          there = j
        end
      end
    end
  end
  if (there ~= nil) == (change.on == true) then
    return UNCHANGED
  elseif change.on and not known and #all >= tonumber(ARGV[15]) then
    return TOO_MANY_EMOJI
  elseif change.on and total >= tonumber(ARGV[16]) then
    return TOO_MANY_REACTORS
  elseif not known then
    all[#all + 1] = {emoji = change.emoji, by = {change.from.id}}
  elseif change.on then
    table.insert(all[known].by, change.from.id)
  else
    table.remove(all[known].by, there)
    if #all[known].by == 0 then
      table.remove(all, known)
    end
  end
  message.reactions = #all > 0 and all or nil -- an empty table would be written as an object
end

if change.kind == 'reaction' then
  local status = react()
  if status == UNCHANGED then
    return unchanged()
  elseif status then
    return {'', status}
  end
elseif not may then
  return {'', NOT_ALLOWED}
elseif ARGV[17] == '1' and not message.files then
  return {'', EMPTY}
end

-- Takes out of a kept amendment of the message what it says.
local function void(at_place, element)
  local before, earlier = t.parts(element)
  if earlier.target == target then
    local nothing = {kind = 'void', from = earlier.from, target = target}
    call('LSET', amendments, at_place, before .. ' ' .. cjson.encode(nothing))
    if hooked ~= '' and change.kind == 'delete' then -- nor do hooks that have not been told yet hear of it
      call('HDEL', KEYS[#KEYS - 2], 'e:' .. string.match(before, '^%S+'))
    end
  end
end

-- What earlier amendments say of the message is overtaken: it is kept nowhere. Of the edits only the last one
-- still says something, and the message knows which that is.
local quoted = message.quoted
if change.kind == 'delete' then
  if hooked ~= '' then -- dead letters may be there when hooks are not any more
    call('HDEL', KEYS[#KEYS - 2], 'e:' .. target)
  end
  local about = '"target":"' .. target .. '"'
  for i, element in ipairs(call('LRANGE', amendments, 0, -1)) do
    if string.find(element, about, 1, true) then
      void(i - 1, element)
    end
  end
  message = {kind = message.kind, from = message.from, key = message.key, deleted = true}
elseif change.kind == 'edit' then
  if message.edit then
    local at_place, element = t.find(amendments, message.edit)
    if at_place then
      void(at_place, element)
    end
  end
  message.text, message.mentions, message.editedAt, message.edit = change.text, change.mentions, tonumber(at), id
end
message.amended = id

if quoted and change.kind ~= 'reaction' then
  -- Replies quote what the message says now.
  local quotes = '"id":"' .. target .. '"'
  for i, element in ipairs(call('LRANGE', log, 0, -1)) do
    if string.find(element, quotes, 1, true) then
      local before, reply = t.parts(element)
      if reply.replyTo and reply.replyTo.id == target then
        reply.replyTo.excerpt = t.excerpt(message.text or '')
        call('LSET', log, i - 1, before .. ' ' .. cjson.encode(reply))
      end
    end
  end
end

local element = head .. ARGV[4]
call('LSET', log, place, kept_head .. ' ' .. cjson.encode(message))
call('RPUSH', amendments, element)
call('LTRIM', amendments, '-' .. ARGV[6], '-1')
call('PEXPIRE', log, ARGV[7])
call('PEXPIRE', amendments, ARGV[7])
if key then -- it remembers what it was used for, not what was said
  call('SET', key, id .. ' ' .. at .. ' ' .. ARGV[10], 'PX', ARGV[8])
end
call(ARGV[1], ARGV[2], 'A' .. element)
if tell then
  tell(string.sub(hooked, 1, 1), id, element)
  return {element, APPENDED, told and 1 or 0}
end
return {element, APPENDED}
