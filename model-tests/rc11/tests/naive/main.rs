//! A naive enumeration of the executions that RC11 allows, to judge the explorer
//! by: it shares no code with it.

mod adapter;
mod axioms;
mod canonical;
mod compare;
mod counts;
mod enumerate;
mod graph;
mod litmus;
mod relation;
mod sequential;
mod strategy;
mod verdicts;
