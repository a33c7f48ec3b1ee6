//! What must be seen: states differ, the backdrop is flat, the character stays in the frame.
