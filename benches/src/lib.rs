//! Workloads that compare tidelog with peers and with the floor of the machine.
