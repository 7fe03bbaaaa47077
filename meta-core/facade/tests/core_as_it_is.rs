//! The files of `subject`, with `core` itself.

#[allow(unreachable_pub, reason = "the file is as it ships")]
#[path = "subject/queue.rs"]
mod queue;

#[test]
fn the_queue_hands_values_on() {
    static QUEUE: queue::Queue<u64> = queue::Queue::new();
    assert_eq!(QUEUE.put(1), Ok(()));
    assert_eq!(QUEUE.put(2), Err(queue::Full(2)));
    assert_eq!(QUEUE.put(2).unwrap_err().to_string(), "the queue is full");
    assert_eq!((QUEUE.take(), QUEUE.take()), (Some(1), None));
}
