"""One visit to one application, step by step; flows/sync says in which order.

lease            one visit at a time, every write fenced         visit         what a visit works with and leaves
desired          artifact → bundle                               comparison    bundle × cluster → rows
children         Application objects of a bundle (App of Apps)
begin            an operation begins, or gives way               proceed       its comparison, steps and end
preparation      what must hold before it changes anything       operation     its steps, until it ends or must wait
running          an operation in the middle                      hook_ends     when hooks are over
operation_record how it is written down                          status        what people read
outlook          when to look again                              deletion      the application goes
"""
