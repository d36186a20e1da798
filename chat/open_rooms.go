package chat

// This file is what a node says of the rooms that are open on it.

// OpenRooms is how many there are: those with readers here, and those just left by them.
func (n *Node) OpenRooms() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.rooms)
}

// RoomsWith are the rooms with subscribers of this node where some member has an attribute, as far
// as this node knows.
func (n *Node) RoomsWith(attribute string) []RoomID {
	n.mu.Lock()
	defer n.mu.Unlock()
	var rooms []RoomID
	for id, r := range n.rooms {
		if has := r.attributes.Load(); has != nil && (*has)[attribute].Count > 0 {
			rooms = append(rooms, id)
		}
	}
	return rooms
}

// CountWith counts the rooms open here where some member has an attribute, and these members, on
// whatever node they are.
func (n *Node) CountWith(attribute string) (rooms, members int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, r := range n.rooms {
		if has := r.attributes.Load(); has != nil && (*has)[attribute].Count > 0 {
			rooms++
			members += (*has)[attribute].Count
		}
	}
	return rooms, members
}
